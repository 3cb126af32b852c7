"""EVMbench: tasks made of a local copy of its audits."""
