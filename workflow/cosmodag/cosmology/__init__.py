"""Background, linear power, initial conditions and the particle mesh."""
