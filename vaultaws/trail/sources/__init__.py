"""CloudTrail's log files, from a directory or a bucket, as columns for the match."""
