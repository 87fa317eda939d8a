"""What FreePBX has: exports of its tables, their rows, and the office that they describe."""
