# metafor's side: Rscript of_metafor.R DATA.csv FOLDER YS.csv VS.csv
suppressMessages(library(metafor))
args <- commandArgs(trailingOnly = TRUE)
d <- read.csv(args[1])
ys <- as.matrix(read.csv(args[3], header = FALSE)); vs <- as.matrix(read.csv(args[4], header = FALSE))
out <- file.path(args[2], "metafor.svg")
strict <- list(threshold = 1e-10, tol = 1e-10, maxiter = 10000, stepadj = 0.5)
timed <- function(f, inner, repeats = 5) {
  f()
  median(replicate(repeats, system.time(for (i in seq_len(inner)) f())[["elapsed"]] / inner))
}
row <- function(name, f, answer, inner, repeats = 5) {
  cat(sprintf('"%s": {"seconds": %.9g, "answer": %.12g}', name, timed(f, inner, repeats), answer(f())))
}
fit <- rma(yi, vi, data = d, test = "knha", control = strict)
each <- function(method) {
  first <- NA
  for (j in seq_len(ncol(ys))) {
    r <- rma(ys[, j], vs[, j], method = method, control = strict)
    if (j == 1) first <- r$tau2
  }
  first
}
draw <- function() { svg(out); forest(fit); invisible(dev.off()); 1 }
cat("{")
row("one fit, REML and Hartung-Knapp", function() rma(yi, vi, data = d, test = "knha", control = strict),
    function(r) r$ci.ub, 50); cat(", ")
row("one fit, DerSimonian-Laird", function() rma(yi, vi, data = d, method = "DL"),
    function(r) r$tau2, 50); cat(", ")
row("Q-profile interval of tau2", function() confint(rma(yi, vi, data = d, control = strict), tol = 1e-10),
    function(r) r$random["tau^2", "ci.ub"], 20); cat(", ")
row("leave-one-out, 13 studies", function() leave1out(fit), function(r) r$estimate[1], 5); cat(", ")
row("meta-regression, one moderator", function() rma(yi, vi, mods = ~ ablat, data = d, control = strict),
    function(r) r$beta[2], 30); cat(", ")
row("10,000 fits of 20 studies, DerSimonian-Laird", function() each("DL"), function(r) r, 1, 3); cat(", ")
row("10,000 fits of 20 studies, REML", function() each("REML"), function(r) r, 1, 3); cat(", ")
row("forest plot, 13 studies, to a file", draw, function(r) r, 2)
cat("}\n")
