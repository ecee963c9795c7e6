"""Evaluations in code: functions of the application beside the judged metrics."""
