"""Requests that production had, answered again by another version: who would be touched, and was it for the better?"""
