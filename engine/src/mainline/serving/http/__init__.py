"""Sockets, connections and the table of paths: from bytes to a request, and from a reply to bytes."""
