"""What A1111's page and its extensions call beside /sdapi."""
