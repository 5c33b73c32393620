"""The model catalogue and the fetcher that fills the model folder."""
