// The types are generated from the contracts beside this file, which have everything in them that is hard to name.
