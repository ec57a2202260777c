"""Nothing is lost: autosave, recovery, projects."""
