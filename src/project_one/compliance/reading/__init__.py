"""Reading text the way a person does: the same word is the same word however it is written."""
