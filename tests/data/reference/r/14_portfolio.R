# Random-effects pooling of portfolio.csv (simulated, tests/portfolio_example.py) by metafor: Paule-Mandel, Hartung-Knapp,
# plain (knha) and never below the interval without it (adhoc); prediction intervals on k - 1 and k - 2; Q-profile for tau.
# Run in tests/data/reference; writes portfolio.json.
suppressPackageStartupMessages({library(metafor); library(jsonlite)})
d <- read.csv("portfolio.csv"); ct <- list(tol = 1e-16, maxiter = 10000, tau2.max = 100)
pool <- function(e) { fit <- function(test) rma(yi = e$estimate, sei = e$std_error, method = "PM", test = test, control = ct)
  m <- fit("knha"); g <- fit("adhoc"); k <- m$k
  tau <- confint(m, control = list(tol = 1e-16, maxiter = 10000, tau2.max = 100))$random["tau", ]
  list(k = k, estimate = as.numeric(m$b), tau2 = m$tau2, Q = m$QE, Q_p = m$QEp, I2 = m$I2, tau_low = tau[[2]], tau_high = tau[[3]],
    knha = c(m$se, m$ci.lb, m$ci.ub, m$pval), adhoc = c(g$se, g$ci.lb, g$ci.ub, g$pval), weights = as.numeric(weights(m)) / 100,
    predict_adhoc = c(predict(g)$pi.lb, predict(g)$pi.ub), predict_riley = if (k > 2) c(predict(g, pi.type = "riley")$pi.lb, predict(g, pi.type = "riley")$pi.ub) else NULL) }
case <- function(term, k) pool(head(d[d$term == term, ], k))
sizes <- c(2, 3, 5, 10, 30, 100); named <- function(term) setNames(lapply(sizes, function(k) case(term, k)), sizes)
write_json(list(name = "portfolio", call = 'rma(yi = estimate, sei = std_error, method = "PM", test = "knha")', source = "portfolio.csv",
  r_version = R.version.string, packages = list(metafor = as.character(packageVersion("metafor"))),
  models = sapply(c("transport", "showcase"), named, simplify = FALSE)), "portfolio.json", auto_unbox = TRUE, digits = NA, pretty = TRUE)
