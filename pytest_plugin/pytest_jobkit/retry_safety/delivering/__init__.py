"""How one message is delivered: a plain function called, or the worker path of the engine or a framework."""
