# List the recipes
[private]
default:
    @just --list

# Measure httpserver against a raw hyper server with the same behaviour
[group('bench')]
bench-server *flags:
    cargo bench --package httpserver --bench comparison -- {{ flags }}
