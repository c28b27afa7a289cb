"""What helps to look after a lot and may be lost: how its lanes fare, how its machine is, when the cloud was away."""
