# Rscript brief.R FOLDER BRIEF.Rmd: for each line of the input, a code, renders its brief in this process, which stays
# warm, and prints a line. FOLDER has invitations.csv, answers.csv, conversations.csv and incentives.txt.
asked <- commandArgs(trailingOnly = TRUE)
suppressPackageStartupMessages({library(rmarkdown); library(ggplot2)})
dated <- function(table) {
  for (name in grep("_on$", names(table), value = TRUE)) table[[name]] <- as.Date(table[[name]])
  table
}
for (name in c("invitations", "answers", "conversations")) {
  assign(name, dated(read.csv(file.path(asked[1], paste0(name, ".csv")))))
}
incentives <- readLines(file.path(asked[1], "incentives.txt"))
lines <- file("stdin", "r")
while (length(code <- readLines(lines, 1))) {
  render(asked[2], output_file = paste0(code, ".html"), output_dir = file.path(asked[1], "made"), quiet = TRUE,
         intermediates_dir = file.path(asked[1], "between"), params = list(organization = code),
         envir = new.env(parent = globalenv()))
  cat("made\n")
}
