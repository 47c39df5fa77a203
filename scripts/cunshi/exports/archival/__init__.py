"""The published holdings in the forms that archives read: captions, OHMS, IIIF, RO-Crate, tables.

It may import what `exports` may. One module writes one format; a bag of all of them is made by
`bundle`.
"""
