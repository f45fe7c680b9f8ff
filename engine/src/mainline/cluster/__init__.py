"""The same declarations for a cluster: Kubernetes, Argo Rollouts, Argo CD."""
