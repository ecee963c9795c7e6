"""What a store tells other processes on PostgreSQL: the channels of its notifications."""

JOBS = "spanjudge_jobs"
RESULTS = "spanjudge_results"
EVALUATORS = "spanjudge_evaluators"
