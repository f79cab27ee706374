"""The explorer: a server for one's own machine, and the pages that it shows. No science of its own."""
