CREATE TABLE nodeflow_store (name VARCHAR(40) NOT NULL PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE subscriptions (
    subscription_id VARCHAR(36) NOT NULL PRIMARY KEY,
    product VARCHAR(80) NOT NULL,
    customer_id VARCHAR(200) NOT NULL,
    status VARCHAR(20) NOT NULL,
    insync BOOLEAN NOT NULL,
    description TEXT NOT NULL,
    note TEXT,
    start_date MOMENT,
    end_date MOMENT,
    version INTEGER NOT NULL,
    device_id INTEGER NOT NULL,
    block JSON NOT NULL
);
CREATE TABLE processes (
    process_id VARCHAR(36) NOT NULL PRIMARY KEY,
    subscription_id VARCHAR(36) NOT NULL REFERENCES subscriptions (subscription_id),
    workflow VARCHAR(80) NOT NULL,
    workflow_version INTEGER NOT NULL,
    target VARCHAR(20) NOT NULL,
    status VARCHAR(20) NOT NULL,
    step VARCHAR(80),
    state JSON NOT NULL,
    error TEXT,
    actor VARCHAR(200) NOT NULL,
    run_id VARCHAR(36),
    lease_until MOMENT,
    started_at MOMENT NOT NULL,
    updated_at MOMENT NOT NULL,
    completed_at MOMENT
);
CREATE TABLE process_steps (
    process_step_id NUMBERED PRIMARY KEY,
    process_id VARCHAR(36) NOT NULL REFERENCES processes (process_id),
    step_id VARCHAR(36) DEFAULT '' NOT NULL,
    step VARCHAR(80) NOT NULL,
    attempt INTEGER DEFAULT '1' NOT NULL,
    status VARCHAR(20) NOT NULL,
    state JSON,
    error TEXT,
    changes JSON NOT NULL,
    actor VARCHAR(200) NOT NULL,
    run_id VARCHAR(36) NOT NULL,
    started_at MOMENT NOT NULL,
    completed_at MOMENT NOT NULL
);

CREATE UNIQUE INDEX one_live_subscription_a_device ON subscriptions (device_id) WHERE status <> 'terminated';
CREATE INDEX ix_processes_status ON processes (status);
CREATE INDEX ix_processes_subscription_id ON processes (subscription_id);
CREATE INDEX ix_process_steps_step_id ON process_steps (step_id);
CREATE INDEX ix_process_steps_process_id ON process_steps (process_id);
