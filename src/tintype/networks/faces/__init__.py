"""Networks that find faces in pictures, and networks that restore them."""
