"""ScaBench: published audit findings as tasks and as a measure of reports, without running anything."""
