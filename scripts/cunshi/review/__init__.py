"""The review desk: a local web application in which volunteers correct, describe and publish."""
