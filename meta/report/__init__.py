"""Tables, text and the HTML report."""
