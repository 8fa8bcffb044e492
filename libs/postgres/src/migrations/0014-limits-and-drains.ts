/** How long runs and steps may take, executors that are emptied within a time or whose disk is full, and steps whose result another run uses. */
export const limitsAndDrains = {
  version: 14,
  name: 'limits-and-drains',
  sql: `
-- Seconds; null: the installation's. What an execution that names none gets, and the most that one may name.
alter table quotas add column run_seconds integer;
alter table quotas add column most_run_seconds integer;
alter table quotas add column step_seconds integer;
alter table quotas add column most_step_seconds integer;

-- A drain: what still runs on the executor then is moved.
alter table cordons add column until timestamptz;

-- Why it takes nothing new by itself: a disk that is full.
alter table executors add column full_reason text;

-- What the step did with which inputs: another run may use its result instead of doing the same.
alter table steps add column reuse_key text;
-- The attempt of which this one is the result.
alter table steps add column reused json;
-- The run from which it goes on.
alter table runs add column resumes uuid;

-- New nodes have no reason yet: the admitter looks at them first.
create index ready_nodes_unseen on ready_nodes (workspace) where reason = 'waits for admission';
`,
};
