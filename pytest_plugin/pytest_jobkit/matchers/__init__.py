"""The matchers: `have_enqueued_job` and its kin, from what is wanted to the text of a failure."""
