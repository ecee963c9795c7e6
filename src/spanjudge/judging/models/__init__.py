"""The judge models behind one port."""
