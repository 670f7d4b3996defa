"""Take a job, drive the engine, send back pictures and progress."""
