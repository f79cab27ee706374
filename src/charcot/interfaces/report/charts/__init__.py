"""The pictures: each function returns one Altair chart or one hand-made SVG."""
