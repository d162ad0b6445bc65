"""What works on this machine and what to do next: plain checks, each giving one ``Check``; ``examine`` runs them all."""
