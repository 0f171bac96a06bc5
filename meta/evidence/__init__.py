"""Study and claim files: schema, reading, checking, writing."""
