"""Job frameworks put under the engine for the length of a test; `base` says what a capture is and how to add one."""
