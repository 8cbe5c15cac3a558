"""Classes of a connector's own -> the components of a manifest that they are; code is read and never run.

Imports seams and foundation; touches the files beside the manifest.
"""
