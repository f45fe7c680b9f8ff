"""The gate: is this candidate better than production, and how sure are we?"""
