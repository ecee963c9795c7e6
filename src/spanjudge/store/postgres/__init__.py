"""What PostgreSQL needs otherwise than SQLite, because many write at once and tables are partitioned."""
