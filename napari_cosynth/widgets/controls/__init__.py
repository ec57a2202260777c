"""What all panels are built of: fields, lists, signs, tooltips, messages. No panel and no session."""
