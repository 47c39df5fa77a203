"""The text of a lesson with a citation."""

LESSON = """\
---
title: 桥
villages: [金村村]
grade: 三年级
minutes: 40
objectives: [听懂]
keywords: [金村]
sources: [村志]
---

## 开场

## 听一听

{citation}

## 想一想

## 动手做

## 回家任务
"""
