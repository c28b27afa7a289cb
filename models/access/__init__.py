"""Who may pass: the rules of permits and of barred vehicles, alike for the lot's own file and the cloud's word."""
