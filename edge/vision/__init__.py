"""From a lane's camera to one plate for each vehicle: gate, reader, vote, in a process of its own."""
