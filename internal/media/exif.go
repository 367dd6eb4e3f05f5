package media

import "encoding/binary"

// orientation reads the EXIF orientation of a JPEG, 1 to 8; 1 (upright) when there is none or it is
// nonsense. It is the only thing ever read from metadata.
func orientation(raw []byte) int {
	if len(raw) < 4 || raw[0] != 0xff || raw[1] != 0xd8 {
		return 1
	}
	for at := 2; at+4 <= len(raw) && raw[at] == 0xff; {
		marker, size := raw[at+1], int(binary.BigEndian.Uint16(raw[at+2:]))
		end := at + 2 + size
		if marker == 0xda || size < 2 || end > len(raw) { // pixels begin, or the file is cut
			return 1
		}
		segment := raw[at+4 : end]
		if marker == 0xe1 && len(segment) > 6 && string(segment[:6]) == "Exif\x00\x00" {
			return tiffOrientation(segment[6:])
		}
		at = end
	}
	return 1
}

// tiffOrientation looks for tag 0x0112 in the first directory of a TIFF block.
func tiffOrientation(block []byte) int {
	if len(block) < 8 {
		return 1
	}
	var order binary.ByteOrder
	switch string(block[:2]) {
	case "II":
		order = binary.LittleEndian
	case "MM":
		order = binary.BigEndian
	default:
		return 1
	}
	start := int64(order.Uint32(block[4:]))
	if start+2 > int64(len(block)) {
		return 1
	}
	directory := block[start+2:]
	for range order.Uint16(block[start:]) {
		if len(directory) < 12 {
			return 1
		}
		if order.Uint16(directory) == 0x0112 {
			if turn := int(order.Uint16(directory[8:])); turn >= 1 && turn <= 8 {
				return turn
			}
			return 1
		}
		directory = directory[12:]
	}
	return 1
}
