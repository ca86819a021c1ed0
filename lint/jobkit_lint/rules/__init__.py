"""The rules: one file each in a folder a group, found by walking this package. See `base` for how to add one."""
