"""Characters from elsewhere, brought into a pack: one file per step, from untrusted bytes to readable YAML."""
