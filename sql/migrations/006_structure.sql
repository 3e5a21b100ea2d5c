-- Matrices of attention say how many heads they hold. Of those loaded before it is not known.
ALTER TABLE matrices ADD COLUMN head_count INTEGER;
