"""As it stood: boards, lanes and demands at a past minute, rebuilt from what is recorded."""
