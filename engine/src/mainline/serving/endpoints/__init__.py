"""What a path answers: a coroutine each that takes the service and a request, and returns a reply."""
