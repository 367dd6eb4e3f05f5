-- +goose Up
-- What was shown again and is hidden anew can be contested anew, whatever became of a contest before: one is open at a time.
drop index rating_reports_contested;
create unique index rating_reports_contested on rating_reports (part, coalesce(rating_id, thanks_id)) where reason = 'contested' and decided = '';
drop index question_reports_contested;
create unique index question_reports_contested on question_reports (part, coalesce(question_id, answer_id)) where reason = 'contested' and decided = '';
drop index idea_reports_contested;
create unique index idea_reports_contested on idea_reports (part, coalesce(comment_id, idea_id)) where reason = 'contested' and decided = '';
drop index story_reports_contested;
create unique index story_reports_contested on story_reports (story_id) where reason = 'contested' and decided = '';
drop index poll_reports_contested;
create unique index poll_reports_contested on poll_reports (poll_id) where reason = 'contested' and decided = '';
