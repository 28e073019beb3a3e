# The same answer by R: Firth logit (brglm2), CR2 and Satterthwaite on coefficients and average marginal effects, HTZ.
# Rscript against_r.R rows.csv repetitions -> seconds per repetition, one a line, in one warm session.
arguments <- commandArgs(trailingOnly = TRUE)
suppressPackageStartupMessages({library(brglm2); library(clubSandwich)})
rows <- read.csv(arguments[1])
incentives <- grep("^incentive_", names(rows), value = TRUE)
model <- as.formula(paste("attended ~", paste(setdiff(names(rows), c("attended", "organization_id")), collapse = " + ")))
once <- function() {
  fit <- glm(model, binomial("logit"), rows, method = "brglmFit", type = "AS_mean", control = list(epsilon = 1e-10))
  V <- vcovCR(fit, cluster = rows$organization_id, type = "CR2")
  coef_test(fit, vcov = V, test = "Satterthwaite")
  X <- model.matrix(fit); b <- coef(fit)
  contrasts <- t(sapply(incentives, function(name) {
    X1 <- X; X1[, name] <- 1; X0 <- X; X0[, name] <- 0
    colMeans(dlogis(drop(X1 %*% b)) * X1 - dlogis(drop(X0 %*% b)) * X0)
  }))
  linear_contrast(fit, vcov = V, contrasts = contrasts, test = "Satterthwaite")
  Wald_test(fit, constrain_zero(incentives), vcov = V, test = "HTZ")
}
invisible(once())
for (repetition in seq_len(as.integer(arguments[2]))) cat(system.time(once())[["elapsed"]], "\n")
