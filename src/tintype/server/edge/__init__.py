"""What every request passes, whichever call it is for."""
