-- Who paused, resumed, replayed or changed something, when, and from where. The application writes each action to its
-- log as well, and adds it here as soon as the database answers.
CREATE TABLE operator_actions (
    id       uuid PRIMARY KEY,
    acted_at timestamptz NOT NULL,
    operator text NOT NULL,
    address  text NOT NULL,
    action   text NOT NULL,
    status   integer NOT NULL
);
CREATE INDEX operator_actions_acted_at ON operator_actions (acted_at DESC);

COMMENT ON TABLE operator_actions IS 'what operators did through the HTTP API';
COMMENT ON COLUMN operator_actions.id IS 'chosen by the application, which adds an action once, however often it tries';
COMMENT ON COLUMN operator_actions.acted_at IS 'when the request had been answered';
COMMENT ON COLUMN operator_actions.operator IS 'the user name';
COMMENT ON COLUMN operator_actions.address IS 'where the request came from; behind a proxy in HTTP_TRUSTED_PROXIES, what that reports';
COMMENT ON COLUMN operator_actions.action IS 'the method and the address of the request';
COMMENT ON COLUMN operator_actions.status IS 'the HTTP status of the answer';
