"""Predictions by GraphQL at `POST /graphql`, on graphql-core, which is an extra."""
