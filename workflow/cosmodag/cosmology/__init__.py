"""Background expansion, matter power spectra, initial conditions and the particle-mesh code."""
