"""What pages ask: lists, filters and sums, one noun a file. Reading only."""
