# List the recipes
[private]
default:
    @just --list

# Render the manifests into out/
[group('manifests')]
gen *flags:
    cargo gen write {{ flags }}

# Compare out/ with what would be rendered, and hold every law against it
[group('manifests')]
check:
    cargo gen check
    cargo gen lint out

# Measure how the time of rendering and checking grows: 10, 100 and 1,000 services with 10 lanes
[group('bench')]
bench-gen:
    cargo bench --package gen --bench scale

# Measure httpserver against a raw hyper server with the same behaviour
[group('bench')]
bench-server *flags:
    cargo bench --package httpserver --bench comparison -- {{ flags }}
